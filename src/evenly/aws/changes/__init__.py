"""What deploying would change on AWS, and whether it may: from change sets, or from templates where there is none yet.

All of it is pure: facts in, frozen values out. Who asks AWS is `evenly.aws.operations`.
"""
