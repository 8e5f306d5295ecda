"""The user's folders and files, the lock and the log of the one daemon, and the computer it runs on."""
