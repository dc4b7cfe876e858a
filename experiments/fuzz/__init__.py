"""Does anything that a caller can send meet a fault, or an answer that is not described?"""
