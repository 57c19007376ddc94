"""What is tried and looked up for the checks: doors that should be closed, certificates, lines of the access log.

Changes nothing: what should have been refused, and was not, is rolled back.
"""
