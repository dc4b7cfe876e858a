"""What is known of a customer on a date: from history tables to point-in-time vectors."""
