"""Inputs that nobody would write, made from good ones, to everything that takes input from outside: `make fuzz`."""
