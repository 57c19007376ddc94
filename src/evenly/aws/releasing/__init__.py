"""What a deploy does beside the stacks: the image, the migrations, the error pages, the values of secrets, the roles
that AWS's services have of their own. Talks to AWS and to Docker by what it is given; each step can be broken off and
begun again.
"""
