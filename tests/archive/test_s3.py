"""Shards in a bucket: a real server that speaks S3, and s3fs."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests import posix
from tests.cli.random_run import write_random_run
from tests.preparation.pictures import write_painting

boto3 = pytest.importorskip("boto3")
s3fs = pytest.importorskip("s3fs")
pytest.importorskip("moto.server")
pytestmark = [
    posix.only,
    pytest.mark.slow,
    pytest.mark.skipif("ARTSTYLE_RAY" not in os.environ, reason="for 'nox -s cluster'"),
]

SHARDS = 3


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Its address; it has one bucket, ``answers``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    words = [sys.executable, "-m", "moto.server", "-p", address.rpartition(":")[2]]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with suppress(OSError), urlopen(address):
                break
            assert process.poll() is None
            time.sleep(0.1)
        boto3.client("s3", **settings(address)).create_bucket(Bucket="answers")
        yield address
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, 20 paintings, and the shards of one process in ``folder``."""
    root = tmp_path_factory.mktemp("s3")
    write_random_run(root)
    for n in range(20):
        write_painting(root / f"scans/{n:02}.jpg", n, (48, 36))
    assert predict(root, "folder/").returncode == 0
    return root


def settings(address: str) -> dict[str, str]:
    return {
        "endpoint_url": address,
        "aws_access_key_id": "id",
        "aws_secret_access_key": "secret",
        "region_name": "us-east-1",
    }


def predict(
    root: Path, out: str, *more: str, address: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    words = ["predict", "scans", "--run", "runs/random", "--shards", str(SHARDS), "--out", out]
    known = {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    return subprocess.run(
        [sys.executable, "-m", "artstyle", *words, "--device", "cpu", *more],
        cwd=root,
        env=os.environ | known | variables,
        capture_output=True,
        text=True,
        timeout=300,
    )


def shards_of(address: str, folder: str) -> dict[str, bytes]:
    told = settings(address)
    system = s3fs.S3FileSystem(
        key=told["aws_access_key_id"],
        secret=told["aws_secret_access_key"],
        endpoint_url=address,
        skip_instance_cache=True,
    )
    return {path.rpartition("/")[2]: system.cat(path) for path in system.find(folder)}


@pytest.mark.parametrize("engine", [[], ["--on", "ray"]], ids=["plain", "ray"])
def test_a_bucket_holds_the_bytes_of_a_folder_and_what_is_missing_is_made_again(
    here: Path, server: str, engine: list[str]
) -> None:
    folder = f"answers/{'-'.join(engine) or 'plain'}/in/folders"
    done = predict(here, f"s3://{folder}/", *engine, address=server)
    assert done.returncode == 0, done.stderr
    assert f"20 rows in {SHARDS} shards in s3://{folder}/" in done.stderr
    expected = {
        path.name: path.read_bytes() for path in (here / "folder").iterdir() if path.name != ".lock"
    }
    assert shards_of(server, folder) == expected
    client = boto3.client("s3", **settings(server))
    kept = f"{folder.removeprefix('answers/')}/part-00000-of-0000{SHARDS}.parquet"
    moment = client.head_object(Bucket="answers", Key=kept)["LastModified"]
    lost = f"{folder.removeprefix('answers/')}/part-00001-of-0000{SHARDS}.parquet"
    client.delete_object(Bucket="answers", Key=lost)
    assert len(shards_of(server, folder)) == SHARDS
    time.sleep(1)  # The server keeps whole seconds.
    assert predict(here, f"s3://{folder}/", *engine, address=server).returncode == 0
    assert shards_of(server, folder) == expected
    assert client.head_object(Bucket="answers", Key=kept)["LastModified"] == moment


@pytest.mark.parametrize("out", ["s3://answer/", "s3://answer/one/"])
def test_a_bucket_that_does_not_exist_is_not_made(here: Path, server: str, out: str) -> None:
    refused = predict(here, out, address=server)
    assert refused.returncode == 2
    assert refused.stderr.splitlines()[-1].startswith(f"error: --out {out} cannot be made: ")
    names = [
        each["Name"] for each in boto3.client("s3", **settings(server)).list_buckets()["Buckets"]
    ]
    assert names == ["answers"]


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "Could not connect"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "Unable to locate credentials"),
    ],
)
def test_a_bucket_that_cannot_be_reached_is_one_line(
    here: Path, server: str, variables: dict[str, str], reason: str
) -> None:
    failed = predict(here, "s3://answers/none/", **({"address": server} | variables))
    assert failed.returncode == 1
    assert "Traceback" not in failed.stderr
    assert failed.stderr.splitlines()[-1].startswith(f"error: --out s3://answers/none/: {reason}")
