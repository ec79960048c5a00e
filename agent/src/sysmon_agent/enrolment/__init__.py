"""How this host gets its certificate and keeps it: short-lived work, apart from the program that stays.

Whatever is interrupted at any point leaves the former identity in use, or a key that waits for its certificate and is
taken up again by the next attempt.
"""
