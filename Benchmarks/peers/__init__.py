"""What compare_peers.py is made of: networks, engines, the process that runs one of them, rounds, checks and reports."""
