"""The thin client of AWS: the only room that imports boto3, and that when it is first asked something. It gives facts
as frozen values, and turns every refusal into an error that says where, what and what to try. It decides nothing.
"""
