"""Certificates: who may sign, what each role's certificate says, and where the files lie."""
