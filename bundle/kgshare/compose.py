"""The running stack as one readable text: ``compose.yaml``, rendered from the manifest and from nothing else.

The committed file, the copy in a bundle and what ``kgshare up`` runs are the same bytes. What differs between two
stacks of one bundle goes through the variables in `VARIABLES`, all of which have defaults, so that
``docker load -i FILE && docker compose up`` works without kgshare.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from kgshare.errors import BundleError, ManifestError, Problem
from kgshare.project import MANIFEST, Manifest

COMPOSE = "compose.yaml"
FORMAT = 2  # of the rendered text; another text is another number, with the renderers of those before it kept
_FORMAT_LINE = re.compile(rb"^# kgshare compose format (\d{1,4})$", re.MULTILINE)
DATABASE, APPLICATION, GATEWAY = "database", "application", "gateway"
BOLT_PORT = 7687
BROWSER_PORT = 7474
STOP_SECONDS = 60
AUTH_FOLDER = "/var/lib/kgshare/auth"
PASSWORD_FILE = f"{AUTH_FOLDER}/password"
STORE_FOLDER = "/data"
PAGE_FOLDER = "/var/lib/kgshare/page"  # what the reviewer has edited on kgshare's own page
DATABASE_USER, APPLICATION_USER = 7474, 65532
# The database image carries the forwarder as a class; each argument is PORT=SERVICE:PORT.
GATEWAY_COMMAND = (
    "/opt/java/bin/java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx32m",
    "-cp", "/opt/kgshare/classes", "Gateway",
)  # fmt: skip

PORT, BOLT, BROWSER = "KGSHARE_PORT", "KGSHARE_BOLT_PORT", "KGSHARE_BROWSER_PORT"
DATABASE_IMAGE, APPLICATION_IMAGE = "KGSHARE_DATABASE_IMAGE", "KGSHARE_APPLICATION_IMAGE"
STORE, BUNDLE = "KGSHARE_STORE", "KGSHARE_BUNDLE"
BROWSER_URL = "KGSHARE_BROWSER_URL"  # tells kgshare's own page where Neo4j Browser is
ABOUT = "KGSHARE_ABOUT"  # tells kgshare's own page what `up` knows of the bundle: base64 of JSON
VARIABLES = (PORT, BOLT, BROWSER, DATABASE_IMAGE, APPLICATION_IMAGE, STORE, BUNDLE, ABOUT)

URL_SAFE = "/?#[]@!$&'()*+,;=:%~"  # RFC 3986: reserved characters keep their meaning

# Labels: what finds a stack again when kgshare's own notes are lost.
LABEL_NAME, LABEL_STACK, LABEL_BUNDLE = "kgshare.name", "kgshare.stack", "kgshare.bundle"


def image_tag(name: str, role: str, version: str) -> str:
    """The name under which an image is loaded.

    It names its host, so that no engine takes it for a public registry's; a tag cannot hold a version's ``+``.
    """
    return f"localhost/{name}/{role}:{_safe(version)}"


def page_address(port: int, opens: str) -> str:
    """Where a page opens; what is not plain in the path is encoded, so that an address never says more than that."""
    return f"http://127.0.0.1:{port}{quote(opens, safe=URL_SAFE)}"


def browser_address(port: int | str, bolt_port: int | str) -> str:
    """Where Neo4j Browser opens, with the address of Bolt and the user filled in; the password is not."""
    return f"http://127.0.0.1:{port}/browser/?dbms=bolt://neo4j@127.0.0.1:{bolt_port}&db=neo4j"


def _safe(version: str) -> str:
    return re.sub(r"[^0-9A-Za-z_.-]", "_", version)


@dataclass(frozen=True, kw_only=True)
class ServiceLimits:
    """What one service may use at the most: memory as Docker writes it (``512m``), processes and threads."""

    memory: str
    processes: int


@dataclass(frozen=True, kw_only=True)
class ComposePlan:
    """All that the text depends on.

    Attributes:
        name: the project's name, which is the stack's unless it is given another.
        version: the project's version.
        port: where the application listens inside, and outside when that port is free.
        opens: path at which the page opens.
        database: limits of the database.
        application: limits of the application.
        waits: whether the application is started only once the database answers. kgshare's own page starts beside it
            and says that it is waiting; what a project brings may not know how to.
        browser: whether Neo4j Browser is published, too.
    """

    name: str
    version: str
    port: int
    opens: str
    database: ServiceLimits
    application: ServiceLimits
    waits: bool
    browser: bool = False

    @classmethod
    def of(cls, manifest: Manifest) -> ComposePlan:
        """The plan that a manifest asks for.

        Raises:
            ManifestError: the application wants the port that Bolt has.
        """
        port = manifest.application.port
        if port == BOLT_PORT or (port == BROWSER_PORT and manifest.neo4j.browser):
            raise ManifestError(
                Problem(
                    message=f"`application.port`: {port} is the database's",
                    where=MANIFEST,
                    hint="let the application listen on another port",
                )
            )
        limits = manifest.resources
        return cls(
            name=manifest.name,
            version=manifest.version,
            port=manifest.application.port,
            opens=manifest.open,
            database=ServiceLimits(memory=limits.database.memory, processes=limits.database.processes),
            application=ServiceLimits(
                memory=limits.application.memory, processes=limits.application.processes
            ),
            waits=not manifest.application.own_page,
            browser=manifest.neo4j.browser,
        )


def require_rendered(text: bytes, manifest: Manifest, where: str = COMPOSE) -> str:
    """Give back the rendered text, if that is what the bundle holds.

    The text says its format. A kgshare that renders another one keeps the renderers of those before it, so that a
    bundle stays startable; what runs is always what this kgshare rendered itself.

    Raises:
        BundleError: the bundle's text is another one; whoever wrote it wanted something else to run.
    """
    said = _FORMAT_LINE.search(text)
    if said and int(said[1]) > FORMAT:
        raise BundleError(
            Problem(
                message=f"it is of format {int(said[1])}, this kgshare knows formats up to {FORMAT}",
                where=where,
                hint="update kgshare",
            )
        )
    rendered = render_compose(ComposePlan.of(manifest), int(said[1]) if said else FORMAT)
    if text == rendered.encode():
        return rendered
    theirs, ours = text.decode(errors="replace").splitlines(), rendered.splitlines()
    line = next((n for n, (a, b) in enumerate(zip(theirs, ours, strict=False)) if a != b), None)
    number = min(len(theirs), len(ours)) + 1 if line is None else line + 1
    raise BundleError(
        Problem(
            message="it is not what its manifest asks for, so nothing was loaded or started",
            where=f"{where}:{number}",
            hint="the bundle was altered, or made by another version of kgshare: ask its author, or rebuild it",
        )
    )


def render_compose(plan: ComposePlan, format_: int = FORMAT) -> str:
    """The compose file of a plan: deterministic, safe by default, with comments for whoever reads it.

    Args:
        plan: all that it depends on.
        format_: 1 has no place for what kgshare's own page keeps.
    """
    page = format_ > 1 and not plan.waits
    return "\n".join(
        [_head(plan, format_), _database(plan), _application(plan, page), _gateway(plan), _tail(plan, page)]
    )


def _head(plan: ComposePlan, format_: int) -> str:
    return f"""\
# The running stack of {plan.name} {plan.version}, written by kgshare from kgshare.yaml: do not edit.
# kgshare compose format {format_}
#
#   kgshare up FILE                                    verifies the bundle, starts this, opens the page
#   docker load -i FILE && docker compose up           the same without kgshare: nothing is verified
#   then open {page_address(plan.port, plan.opens)}
#
# The database makes a random password for user neo4j at its first start. To read it:
#   docker compose cp database:{PASSWORD_FILE} .

name: {plan.name}

# What holds for every service: it starts with no right that it does not need.
x-safe: &safe
  pull_policy: never                  # what runs is what was loaded
  read_only: true
  cap_drop: [ALL]
  security_opt: ["no-new-privileges:true"]
  restart: "on-failure:3"
  logging:
    driver: json-file
    options: {{max-size: "10m", max-file: "3"}}
  labels:
    {LABEL_NAME}: {_quoted(plan.name)}
    {LABEL_STACK}: "${{COMPOSE_PROJECT_NAME}}"
    {LABEL_BUNDLE}: "${{{BUNDLE}:-}}"

services:"""


def _database(plan: ComposePlan) -> str:
    return f"""\
  # Neo4j with the seeded store inside. It reaches nothing but the network `inside`.
  {DATABASE}:
    <<: *safe
    image: "${{{DATABASE_IMAGE}:-{image_tag(plan.name, DATABASE, plan.version)}}}"
    user: "{DATABASE_USER}:{DATABASE_USER}"
    networks: [inside]
    dns: [127.0.0.1]                  # names of this stack only
    volumes:
      - store:{STORE_FOLDER}
      - auth:{AUTH_FOLDER}
    tmpfs:
      - {_tmpfs("64m")}
    mem_limit: {plan.database.memory}
    pids_limit: {plan.database.processes}
    stop_grace_period: {STOP_SECONDS}s            # Neo4j closes its store; killed, it would recover at the next start
"""


def _application(plan: ComposePlan, page: bool) -> str:
    volume = f"      - {{type: volume, source: page, target: {PAGE_FOLDER}}}\n" if page else ""
    return f"""\
  # What the reviewer opens. It reads the password from a file, never from its environment.
  {APPLICATION}:
    <<: *safe
    image: "${{{APPLICATION_IMAGE}:-{image_tag(plan.name, APPLICATION, plan.version)}}}"
    user: "{APPLICATION_USER}:{APPLICATION_USER}"
    group_add: ["{DATABASE_USER}"]               # the group that may enter the password's folder
    depends_on:
      {DATABASE}: {{condition: {"service_healthy" if plan.waits else "service_started"}}}
    environment:
      NEO4J_URI: bolt://{DATABASE}:{BOLT_PORT}
      NEO4J_USER: neo4j
      NEO4J_PASSWORD_FILE: {PASSWORD_FILE}
{_tell_browser(plan)}\
{_tell_page() if page else ""}\
    networks: [inside]
    dns: [127.0.0.1]
    volumes:
      - {{type: volume, source: auth, target: {AUTH_FOLDER}, read_only: true, volume: {{nocopy: true}}}}
{volume}\
    tmpfs:
      - {_tmpfs("64m")}
    mem_limit: {plan.application.memory}
    pids_limit: {plan.application.processes}
    stop_grace_period: 5s
"""


def _tell_browser(plan: ComposePlan) -> str:
    if not plan.browser:
        return ""
    ports = (f"${{{variable}:-{usual}}}" for variable, usual in ((BROWSER, BROWSER_PORT), (BOLT, BOLT_PORT)))
    return f'      {BROWSER_URL}: "{browser_address(*ports)}"\n'


def _tell_page() -> str:
    return f"""\
      KGSHARE_PAGE_PUBLISHED: loopback           # by the gateway below; else the page would ask for an access token
      KGSHARE_PAGE_STATE: {PAGE_FOLDER}
      {ABOUT}: "${{{ABOUT}:-}}"                # what `kgshare up` has verified
"""


def _gateway(plan: ComposePlan) -> str:
    command = [
        *GATEWAY_COMMAND,
        f"{plan.port}={APPLICATION}:{plan.port}",
        f"{BOLT_PORT}={DATABASE}:{BOLT_PORT}",
        *([f"{BROWSER_PORT}={DATABASE}:{BROWSER_PORT}"] if plan.browser else []),
    ]
    browser = (
        f'      - {{host_ip: 127.0.0.1, published: "${{{BROWSER}:-{BROWSER_PORT}}}", target: {BROWSER_PORT}}}\n'
        if plan.browser
        else ""
    )
    ways = "three" if plan.browser else "two"
    return f"""\
  # The one way in: forwards {ways} ports of this machine to the two services above, and nothing outwards.
  {GATEWAY}:
    <<: *safe
    image: "${{{DATABASE_IMAGE}:-{image_tag(plan.name, DATABASE, plan.version)}}}"
    user: "{APPLICATION_USER}:{APPLICATION_USER}"
    entrypoint:
{_lines(command)}
    depends_on:
      {DATABASE}: {{condition: service_healthy}}
    healthcheck: {{interval: 30s}}      # the image's: does Bolt answer on this port, so through here
    networks: [inside, front]
    dns: [127.0.0.1]
    ports:
      - {{host_ip: 127.0.0.1, published: "${{{PORT}:-{plan.port}}}", target: {plan.port}}}
      - {{host_ip: 127.0.0.1, published: "${{{BOLT}:-{BOLT_PORT}}}", target: {BOLT_PORT}}}
{browser}\
    tmpfs:
      - {_tmpfs("16m")}
    mem_limit: 128m
    pids_limit: 256
    stop_grace_period: 5s
"""


def _tail(plan: ComposePlan, page: bool) -> str:
    labels = f"""\
    labels:
      {LABEL_NAME}: {_quoted(plan.name)}
      {LABEL_STACK}: "${{COMPOSE_PROJECT_NAME}}\""""
    edits = f"  # What the reviewer has edited on the page.\n  page:\n{labels}\n" if page else ""
    return f"""\
networks:
  # No way out, not even to this machine: the bridge has no address here.
  inside:
    internal: true
    driver_opts: {{com.docker.network.bridge.inhibit_ipv4: "true"}}
{labels}
  # Publishes on loopback; without masquerading there are no answers from outside.
  front:
    driver_opts: {{com.docker.network.bridge.enable_ip_masquerade: "false"}}
{labels}

volumes:
  # Belongs to the store in the image, which Docker copies here at the first start; its name says which.
  store:
    name: "${{{STORE}:-${{COMPOSE_PROJECT_NAME}}-{_safe(plan.version)}}}"
{labels}
  # The password of this stack.
  auth:
{labels}
{edits}"""


def _tmpfs(size: str) -> str:
    return f"/tmp:rw,noexec,nosuid,nodev,mode=1777,size={size}"  # noqa: S108 - a folder of the container


def _lines(command: list[str]) -> str:
    return "\n".join(f"      - {_quoted(word)}" for word in command)


def _quoted(text: str) -> str:
    return f'"{text}"'
