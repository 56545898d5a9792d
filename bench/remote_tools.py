"""How each program is told of a repository behind a network: the tools of tools.py at a place of places.py,
and the plain transfers, mc and rclone, which set the pace that a backup can't beat by much."""

import subprocess

import setup
from measure import run_measured
from tools import Borg, Holdfast, Restic, Rustic, Step, Tool

REMOTE_OPERATIONS = ["first", "unchanged", "restore"]


class AtPlace(Tool):
    """To be named before the tool that it moves to a place."""

    operations = REMOTE_OPERATIONS
    # Where in the place the repository lies.
    prefix = "repository"

    def __init__(self, work, place):
        super().__init__(work)
        self.place = place
        self.repository = place.repository(self.prefix)

    def fresh(self):
        """An empty server too."""
        self.place.start()
        super().fresh()

    def close(self):
        self.place.stop()
        super().close()

    def elsewhere_cpu_s(self):
        return self.place.cpu_s()


class HoldfastAtMinio(AtPlace, Holdfast):
    @property
    def address(self):
        place = self.place
        return f"s3://{place.bucket}/{self.prefix}?endpoint={place.endpoint}&region={place.region}"

    def variables(self):
        return {**super().variables(), **amazon_variables(self.place)}


class HoldfastAtSftp(AtPlace, Holdfast):
    @property
    def address(self):
        place = self.place
        return (
            f"sftp://{place.user}@{place.link.address}:{place.port}{self.repository}"
            f"?identity-file={place.home}/user_key&known-hosts-file={place.home}/known_hosts"
        )


class ResticAtMinio(AtPlace, Restic):
    @property
    def address(self):
        return f"s3:{self.place.endpoint}/{self.place.bucket}/{self.prefix}"

    def variables(self):
        return {**super().variables(), **amazon_variables(self.place)}


class ResticAtSftp(AtPlace, Restic):
    @property
    def address(self):
        return f"sftp:{self.place.host}:{self.repository}"

    def command(self, *arguments):
        reach = f"sftp.command=ssh -F {self.place.client_settings} {self.place.host} -s sftp"
        return super().command("-o", reach, *arguments)


class RusticAtMinio(AtPlace, Rustic):
    settings = "defaults, through opendal"

    @property
    def address(self):
        return "opendal:s3"

    def initialise(self):
        """It takes a storage's options from its settings file only."""
        place = self.place
        folder = self.home / ".config" / "rustic"
        folder.mkdir(parents=True)
        options = {
            "bucket": place.bucket,
            "root": f"/{self.prefix}",
            "endpoint": place.endpoint,
            "region": place.region,
            "access_key_id": place.access_key,
            "secret_access_key": place.secret_key,
        }
        lines = "".join(f'{key} = "{value}"\n' for key, value in options.items())
        (folder / "rustic.toml").write_text(f"[repository.options]\n{lines}")
        super().initialise()


class BorgAtSftp(AtPlace, Borg):
    @property
    def address(self):
        return f"ssh://{self.place.host}{self.repository}"

    def variables(self):
        reach = f"ssh -F {self.place.client_settings}"
        return {**super().variables(), "BORG_RSH": reach, "BORG_REMOTE_PATH": str(setup.BORG)}


class Transfer(AtPlace):
    """Moves files as they are: those of a repository that Holdfast made of the corpus, so the same bytes."""

    operations = ["first", "restore"]

    def __init__(self, work, place):
        super().__init__(work, place)
        self.plain = self.home.parent / "plain"

    def initialise(self):
        """There is nothing to make."""

    def original(self, corpus):
        return self.plain / corpus.name

    def restored_tree(self, corpus):
        return self.target

    def oldest(self):
        return None

    def backup(self, corpus, number):
        line = self.transfer(self.original(corpus), self.there)
        return [Step(line, writes=self.repository)]

    def restore(self, number):
        return [Step(self.transfer(self.there, self.target), writes=self.target.parent)]


class Mc(Transfer):
    name = "mc"
    program = setup.MC
    settings = "`mc mirror`, defaults"

    def variables(self):
        place = self.place
        access = f"http://{place.access_key}:{place.secret_key}@{place.link.address}:{place.port}"
        return {"MC_HOST_place": access, "MC_CONFIG_DIR": str(self.home / "mc")}

    def version(self):
        return setup.MC_VERSION

    @property
    def there(self):
        return f"place/{self.place.bucket}/{self.prefix}"

    def transfer(self, source, target):
        return self.command("mirror", "--quiet", source, target)


class Rclone(Transfer):
    name = "rclone"
    program = setup.RCLONE
    settings = "`rclone copy`, defaults"

    def variables(self):
        settings = self.storage_settings()
        named = {f"RCLONE_CONFIG_PLACE_{key.upper()}": value for key, value in settings.items()}
        return {**named, "RCLONE_CONFIG": str(self.home / "rclone.conf")}

    def version(self):
        return self.query(str(self.program), "version").split()[1].lstrip("v")

    def transfer(self, source, target):
        return self.command("copy", source, target)


class RcloneAtMinio(Rclone):
    @property
    def there(self):
        return f"place:{self.place.bucket}/{self.prefix}"

    def storage_settings(self):
        place = self.place
        return {
            "type": "s3",
            "provider": "Minio",
            "endpoint": place.endpoint,
            "region": place.region,
            "access_key_id": place.access_key,
            "secret_access_key": place.secret_key,
        }


class RcloneAtSftp(Rclone):
    @property
    def there(self):
        return f"place:{self.repository}"

    def storage_settings(self):
        place = self.place
        return {
            "type": "sftp",
            "host": place.link.address,
            "port": str(place.port),
            "user": place.user,
            "key_file": f"{place.home}/user_key",
            "known_hosts_file": f"{place.home}/known_hosts",
        }


def amazon_variables(place):
    return {"AWS_ACCESS_KEY_ID": place.access_key, "AWS_SECRET_ACCESS_KEY": place.secret_key}


TOOLS_AT = {
    "minio": [HoldfastAtMinio, ResticAtMinio, RusticAtMinio, Mc, RcloneAtMinio],
    "sftp": [HoldfastAtSftp, ResticAtSftp, BorgAtSftp, RcloneAtSftp],
}
NAMES = list(dict.fromkeys(tool.name for tools in TOOLS_AT.values() for tool in tools))


def tools_at(place, work, names):
    """The tools of these names that can reach the place."""
    return [tool(work, place) for tool in TOOLS_AT[place.kind] if tool.name in names]


def make_plain(corpus, target, work):
    """The bytes that the plain transfers move: a repository of the corpus, made once a run, in files."""
    tool = Holdfast(work)
    try:
        tool.fresh()
        for step in tool.backup(corpus, 0):
            run_measured(
                step.command, environment=tool.environment(), log=tool.home / "log",
                accepted=step.accepted,
            )  # fmt: skip
        target.parent.mkdir(parents=True, exist_ok=True)
        tool.repository.rename(target)
    finally:
        tool.close()
    # A bucket holds no empty directories.
    subprocess.run(["find", str(target), "-type", "d", "-empty", "-delete"], check=True)
