"""Plants each fault that training guards against, and shows which guard sees it."""
