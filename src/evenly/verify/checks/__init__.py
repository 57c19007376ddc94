"""Our own checks, a module for each subject. They are found in this folder; nothing else imports them."""
