"""What is done on AWS: plan, deploy, status, down. It asks through `evenly.aws.cloud`, decides with
`evenly.aws.changes`, and is given the clock, the pause and who is told. It prints nothing.
"""
