"""secret_catalogs.py FIRN - test/cli/lib/secret_search.py over catalogs that work: with keys that MinIO made for this run, with a session
token, a bearer token, and a secret that the REST server exchanges for one."""
import json, os, subprocess, sys, uuid

from minio_keys import endpoint, region, session_keys

here = os.path.dirname(os.path.abspath(__file__))
names = ("s3.access-key-id", "s3.secret-access-key", "s3.session-token")
store = {"s3.endpoint": endpoint, "s3.region": region, **dict(zip(names, session_keys()))}
rest = {"type": "rest", "uri": os.environ["FIRN_REST_URI"], "warehouse": "s3://openlakes/rest"}
nessie = {"type": "nessie", "uri": os.environ["FIRN_NESSIE_URI"], "ref": "main", "warehouse": f"s3://openlakes/{uuid.uuid4().hex}",
          "authentication.type": "BEARER", "authentication.token": "SECRET"}
catalogs = (nessie, rest | {"token": "SECRET"}, rest | {"credential": "me:SECRET-" + uuid.uuid4().hex})
sys.exit(subprocess.run([sys.executable, f"{here}/../cli/lib/secret_search.py", sys.argv[1], *(json.dumps(c | store) for c in catalogs)]).returncode)
