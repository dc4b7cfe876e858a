"""Do the receipts of a push of 10,000 customers agree with what each CRM then holds?"""
