"""Does a night that is killed (-9) anywhere end with exactly the rows of one left alone?"""
