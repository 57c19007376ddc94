"""The AWS target: the same manifest as CloudFormation, always through change sets.

The stacks are pure: a topology in, a template out. What talks to AWS imports boto3 when it is asked to. Docs:
docs/aws.md; decisions: docs/adr/0030-templates.md and later.
"""
