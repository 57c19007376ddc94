"""From a topology to the files that CloudFormation gets: templates as text, parameters, assets, and what the user has
put in their place or beside them.
"""
