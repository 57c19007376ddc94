"""What `evenly init` begins with: finds out what runs in a folder, and words the files that are missing.

`reading` looks at files; everything else is pure, over a mapping of names to texts. Nothing of the project is run.
"""
