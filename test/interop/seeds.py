"""seeds.py - where a test with chance in it has its seed from."""
import os, random, sys


def seed(place=None):
    """sys.argv[place] if it is there, else FIRN_TEST_SEED (test/run check and all set it), else any; printed, so
    that whoever sees a failure can have it again."""
    given = sys.argv[place] if place and len(sys.argv) > place else os.environ.get("FIRN_TEST_SEED")
    value = int(given) if given else random.SystemRandom().randrange(1 << 31)
    print(f"seed {value}", flush=True)
    return value
