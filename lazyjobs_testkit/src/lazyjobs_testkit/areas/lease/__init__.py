"""How long a claim is exclusive, and what comes after."""
