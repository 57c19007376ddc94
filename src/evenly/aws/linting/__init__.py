"""What is wrong in an environment's templates, found without asking AWS: cfn-lint's schemas, the policy rules, and
checks over all stacks together, less the exceptions that have a reason."""
