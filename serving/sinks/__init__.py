"""Where scores go: a CRM or a folder, each record with a receipt, only what changed."""
