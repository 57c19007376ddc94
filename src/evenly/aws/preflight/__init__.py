"""What is looked at before the first change: whether the account's quotas have room for what is added, and whether
whoever deploys may do it. Pure: from a plan to what has to be asked, and from the answers to sentences.
"""
