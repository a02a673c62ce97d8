"""spark_conf.py TOOL JARS COUNT [SEED] - firn and Spark read the same keys and values in COUNT random properties files.

Files are made of the pieces that matter to the format: separators, comments, escapes, continuations, every line end.
Spark's side is its own Utils.getPropertiesFromFile, by one Java process; a lone surrogate, which UTF-8 cannot say, counts
as refused there too.
"""
import glob, os, random, subprocess, sys, tempfile
import seeds

tool, jars, count = os.path.abspath(sys.argv[1]), sys.argv[2], int(sys.argv[3])
chance = random.Random(seeds.seed(4))
PIECES = ["a", "b", "key", "=", ":", " ", "  ", "\t", "\f", "\n", "\n", "\r", "\r\n", "\\", "\\\\", "\\\n", "\\\r\n", "\\\r  ", "#", "!",
          "\\t", "\\n", "\\r", "\\f", "\\ ", "\\=", "\\:", "\\#", "\\q", "\\u0041", "\\u00e4", "\\u20AC", "\\uD83D\\uDE00",
          "\u00e4", "\U0001f600", "spark.x", "\x01", "\x1f", "value of it"]


def entries(text):
    """Of each file: {key: value}, the last one counts, or None when refused. An empty key is no key of Spark's."""
    out = []
    for line in text.splitlines():
        if line == "file":
            out.append({})
        elif line == "refused":
            out[-1] = None
        else:
            key, value = line.split(" ")
            out[-1][key] = value
    return [None if e is None else {k: v for k, v in e.items() if k} for e in out]


with tempfile.TemporaryDirectory() as work:
    paths = []
    for i in range(count):
        paths.append(f"{work}/{i}.conf")
        with open(paths[-1], "w", newline="", encoding="utf-8") as f:
            pieces = PIECES + ["\\u12"] if i % 8 == 0 else PIECES
            f.write("".join(chance.choice(pieces) for _ in range(chance.randrange(1, 60))))
    here = os.path.dirname(os.path.abspath(__file__))
    ours = entries(subprocess.run([tool, *paths], check=True, stdout=subprocess.PIPE, text=True).stdout)
    theirs = entries(subprocess.run(["java", "-cp", f"{jars}/*", f"{here}/SparkConfJudge.java", *paths], check=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout)
    assert len(ours) == len(theirs) == count, (len(ours), len(theirs), count)
    for path, a, b in zip(paths, ours, theirs):
        if a != b:
            sys.exit(f"{open(path, newline='').read()!r}\nfirn:  {a}\nSpark: {b}")
    read = [a for a in ours if a is not None]
    assert len(read) > count / 4 and len(read) < count and sum(map(len, read)) > count, (len(read), sum(map(len, read)))
    print(f"{count} files ({count - len(read)} refused by both), {sum(map(len, read))} keys: equal")
