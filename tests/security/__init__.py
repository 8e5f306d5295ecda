"""Who may do what with the daemon, from this computer and from others."""
