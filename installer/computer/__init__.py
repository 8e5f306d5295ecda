"""What the installer works on: the user's folders, a private environment, and how a step fails."""
