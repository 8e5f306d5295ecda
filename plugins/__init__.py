"""The editor plug-ins and the client they share."""
