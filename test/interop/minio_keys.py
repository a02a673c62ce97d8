"""minio_keys.py - keys that end, from the MinIO that FIRN_S3_ENDPOINT and the AWS_ keys name."""
import datetime, hashlib, hmac, os, re, urllib.parse, urllib.request

endpoint, region = os.environ["FIRN_S3_ENDPOINT"], os.environ["AWS_REGION"]
key, secret = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]


def session_keys():
    """Keys with a session token, from MinIO's own STS (AssumeRole, signed here by hand)."""
    body = "Action=AssumeRole&Version=2011-06-15&DurationSeconds=900"
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    host, scope = urllib.parse.urlparse(endpoint).netloc, f"{now[:8]}/{region}/sts/aws4_request"
    digest = lambda text: hashlib.sha256(text.encode()).hexdigest()
    canonical = f"POST\n/\n\nhost:{host}\nx-amz-date:{now}\n\nhost;x-amz-date\n{digest(body)}"
    k = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        k = hmac.new(k, part.encode(), "sha256").digest()
    sign = hmac.new(k, f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{digest(canonical)}".encode(), "sha256").hexdigest()
    request = urllib.request.Request(endpoint, body.encode(), {
        "X-Amz-Date": now, "Content-Type": "application/x-www-form-urlencoded",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders=host;x-amz-date, Signature={sign}"})
    with urllib.request.urlopen(request) as reply:
        text = reply.read().decode()
    return [re.search(f"<{name}>(.*?)</{name}>", text)[1] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")]
