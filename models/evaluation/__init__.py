"""How good the networks are: measures, rivals, contact sheets, the report."""
