"""The manifest's definition, version 1: validation, JSON Schema and documentation all come from these classes."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    model_validator,
)

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=40)]
Version = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+_-]*$", max_length=60)]
Label = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Size = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]*[kmg]$")]
ParameterName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Coordinate = Annotated[str, StringConstraints(pattern=r"^[\w.-]+:[\w.-]+:[\w.-]+$")]


def _inside(path: str) -> str:
    """Relative and never upwards, so that a manifest cannot name a file of its reader's machine."""
    parts = path.split("/")
    if not path or path.startswith("/") or ".." in parts or "\\" in path or "\0" in path:
        raise ValueError("a path inside the project is relative, with forward slashes and without `..`")
    return path


ProjectPath = Annotated[str, AfterValidator(_inside)]
PropertyType = Annotated[
    str,
    StringConstraints(
        pattern=r"^(string|int|float|boolean|date|datetime|localdatetime|time|localtime|duration|point)(\[\])?$"
    ),
]


class Strict(BaseModel):
    """Frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Author(Strict):
    """Somebody who answers for the project."""

    name: str
    email: str | None = None
    orcid: str | None = None


class Memory(Strict):
    """Neo4j's memory; the container's limit is in ``resources``."""

    heap: Size = "512m"
    pagecache: Size = "128m"


class Neo4j(Strict):
    """The database: its version, memory, further settings, and plugins."""

    version: Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")] = Field(
        default="5.26.30", description="a Neo4j Community version that Maven Central has"
    )
    memory: Memory = Memory()
    browser: bool = Field(
        default=False, description="whether Neo4j Browser is in the image, and served on this machine only"
    )
    config: dict[str, str | int | bool] = Field(
        default={}, description="neo4j.conf settings; those that keep a stack safe cannot be set here"
    )
    plugins: tuple[Coordinate, ...] = Field(
        default=(),
        description="jars by Maven coordinate group:artifact:version; what they offer is called once `config` allows it "
        "by name, as in `dbms.security.procedures.allowlist: apoc.*`",
    )


class Identity(Strict):
    """What makes a record the same record: key properties per label, discriminators per relationship type.

    A node has exactly one label that is declared here (others may stand beside it). A relationship type that is not
    named needs no discriminator: there is at most one of it between two nodes.
    """

    nodes: dict[Label, tuple[str, ...]]
    relationships: dict[Label, tuple[str, ...]] = {}


class CsvNodes(Strict):
    """A table of nodes: one row a node, a column a property."""

    file: ProjectPath
    labels: tuple[Label, ...] = Field(min_length=1, description="the first one has its key in `identity`")
    types: dict[str, PropertyType] = Field(default={}, description="column → type; string where not named")


class CsvEnd(Strict):
    """How a row names a node: its label, and the columns that hold its key."""

    label: Label
    columns: tuple[str, ...] = Field(min_length=1)


class CsvRelationships(Strict):
    """A table of relationships: one row a relationship, columns that are not an end are properties."""

    file: ProjectPath
    type: Label
    start: CsvEnd
    end: CsvEnd
    types: dict[str, PropertyType] = {}


class CsvStep(Strict):
    """Tables for Neo4j's bulk import."""

    nodes: tuple[CsvNodes, ...] = ()
    relationships: tuple[CsvRelationships, ...] = ()


class PythonStep(Strict):
    """A function that yields `kgshare.seeding.Nodes` and `kgshare.seeding.Relationships`."""

    function: Annotated[str, StringConstraints(pattern=r"^[\w.]+:\w+$")] = Field(
        description="module:function; it is called with the project's folder"
    )
    source: tuple[ProjectPath, ...] = Field(
        min_length=1, description="folders of packages (or modules) that it needs"
    )
    requirements: tuple[str, ...] = Field(default=(), description="PEP 508; locked as wheels")
    inputs: tuple[ProjectPath, ...] = Field(default=(), description="files and folders that it reads")


class CypherStep(Strict):
    """Scripts, run in order over Bolt; statements are separated by semicolons."""

    scripts: tuple[ProjectPath, ...] = Field(min_length=1)
    inputs: tuple[ProjectPath, ...] = Field(
        default=(), description="files for LOAD CSV FROM 'file:///…', by their path in the project"
    )


class DumpStep(Strict):
    """A file that `neo4j-admin database dump` wrote, of this Neo4j, an older 5.x or 4.4.

    It is the first step; csv and python steps cannot stand beside it, as they too fill an empty store.
    """

    file: ProjectPath


class SeedStep(Strict):
    """One step of the seed: exactly one of its kinds. A dump, or bulk steps (csv, python), come before cypher."""

    dump: DumpStep | None = None
    csv: CsvStep | None = None
    python: PythonStep | None = None
    cypher: CypherStep | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> SeedStep:
        if sum(step is not None for step in (self.dump, self.csv, self.python, self.cypher)) != 1:
            raise ValueError("a seed step has exactly one of: dump, csv, python, cypher")
        return self


class Check(Strict):
    """A query whose single value must be the expected one before a store is shared."""

    name: str
    cypher: str
    expect: Any


def _typed(value: Any) -> Any:
    """A default or choice as it would be typed: YAML's own numbers, dates and lists included."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list | tuple):
        return ", ".join(str(_typed(item)) for item in value)
    return value


Typed = Annotated[
    str,
    BeforeValidator(_typed, json_schema_input_type=str | int | float | bool | list[str | int | float | bool]),
]


class QuestionParameter(Strict):
    """What can be filled in: ``$name`` in the query."""

    default: Typed = Field(description="as it would be typed; a list (or text with commas) for a type in []")
    type: Annotated[
        str,
        StringConstraints(
            pattern=r"^(string|int|float|boolean|date|datetime|localdatetime|time|localtime)(\[\])?$"
        ),
    ] = "string"
    description: str = ""
    choices: tuple[Typed, ...] | str = Field(
        default=(),
        description="the only values; or a query whose first column proposes values",
    )


class Question(Strict):
    """A question that the graph answers: on the page as a form and a table, and checked when the graph is built."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
    question: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400)] = Field(
        description="a sentence"
    )
    cypher: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)] = Field(
        description="it only reads, and reads the graph only"
    )
    parameters: dict[ParameterName, QuestionParameter] = {}
    expect: tuple[list[Any] | dict[str, Any], ...] | None = Field(
        default=None,
        description="the rows with the defaults, each a list of values or a map of the columns that matter; "
        "without it any rows, but at least one",
    )


Questions = Annotated[
    Annotated[ProjectPath, Tag("<file>")] | Annotated[tuple[Question, ...], Tag("<list>")],
    Discriminator(lambda given: "<file>" if isinstance(given, str) else "<list>"),
]


class DataSet(Strict):
    """Data that the graph was made from, with whom it is from and what may be done with it."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]+([._-][A-Za-z0-9]+)*$", max_length=60)]
    title: str
    version: Typed = Field(
        default="", description="as its publisher counts, or the date of the state that was taken"
    )
    licence: str = Field(
        min_length=1,
        description="SPDX expression; terms that SPDX does not know are a `LicenseRef-NAME`, said in `terms`",
    )
    terms: str = Field(default="", description="what its publisher says may be done with it")
    citation: str = Field(description="as its publisher wants to be cited")
    origin: str = Field(default="", description="address or DOI (`doi:10.…`) where it comes from")
    files: tuple[ProjectPath, ...] = Field(
        default=(), description="files and folders of the project that hold it"
    )


DataSets = Annotated[
    Annotated[ProjectPath, Tag("<file>")] | Annotated[tuple[DataSet, ...], Tag("<list>")],
    Discriminator(lambda given: "<file>" if isinstance(given, str) else "<list>"),
]


class Review(Strict):
    """What a proposal must pass beside the checks and questions."""

    rules: tuple[ProjectPath, ...] = Field(
        default=(),
        description="Cypher scripts that only read; each row that a statement returns is a complaint",
    )
    signers: ProjectPath | None = Field(
        default=None,
        description="file of the keys that may sign (as in `man ssh-keygen`, ALLOWED SIGNERS); with it, every change set "
        "is added by a commit that one of them signed",
    )


class ImageBuild(Strict):
    """An image that is built from the project's own Dockerfile, of locked inputs and files of the project only.

    Beside the files named here its context holds ``base.tar`` (what runs: the C library, no shell), ``toolbox.tar`` (what
    builds: a JDK, Python, a shell) and ``jars/``. It names no image but ``scratch``, and no address.
    """

    dockerfile: ProjectPath
    context: tuple[ProjectPath, ...] = Field(default=(), description="files and folders that it may copy")


Image = Annotated[
    Annotated[ProjectPath, Tag("<file>")] | Annotated[ImageBuild, Tag("<build>")],
    Discriminator(lambda given: "<file>" if isinstance(given, str) else "<build>"),
]


class Application(Strict):
    """What the reviewer opens.

    Without ``start`` or ``image`` it is kgshare's own page, into which ``panels`` plugs the project's views.
    """

    image: Image | None = Field(
        default=None,
        description="of an application in any language: a file (an OCI layout in a tar, or what `docker save` writes), or a "
        "Dockerfile of the project's; it keeps the rules of docs/explanation/images.md",
    )
    jars: tuple[Coordinate, ...] = Field(
        default=(), description="Maven coordinates, locked with what they need; `jars/` of the image's build"
    )

    source: tuple[ProjectPath, ...] = Field(
        default=(), description="folders of Python packages, copied to /app"
    )
    requirements: tuple[str, ...] = Field(default=(), description="PEP 508; locked as wheels")
    assets: dict[str, str] = Field(
        default={}, description="npm package → exact version, served from the image"
    )
    panels: Annotated[str, StringConstraints(pattern=r"^[\w.]+$")] | None = None
    start: tuple[str, ...] | None = Field(
        default=None, description="command line; the first word may be `python`"
    )
    port: int = Field(default=8088, ge=1024, le=65535)
    health: Annotated[str, StringConstraints(pattern=r"^/\S*$")] = "/health"

    @property
    def own_page(self) -> bool:
        """Whether it is kgshare's page."""
        return self.start is None and self.image is None


ImageReference = Annotated[
    str,
    StringConstraints(
        pattern=r"^[a-z0-9.\-\[\]:]+(/[a-z0-9._-]+)+(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?$",
        max_length=300,
    ),
]


class BaseImage(Strict):
    """An image that stands underneath: hardened, of an institute's own or somebody else's."""

    image: ImageReference = Field(
        description="REGISTRY/NAME:TAG, which the lock pins, or REGISTRY/NAME@sha256:…; credentials are those of skopeo or oras"
    )


class BaseImages(Strict):
    """Images underneath, where they are not to be Debian's; they keep the contract of docs/how-to/choose-a-base.md."""

    database: BaseImage | None = Field(default=None, description="with a Java runtime, 21 or newer")
    application: BaseImage | None = Field(default=None, description="with Python 3.11 or newer")


class Chainguard(Strict):
    """Chainguard's images of a Java runtime and of Python, as they are at the newest."""

    chainguard: Annotated[
        str, StringConstraints(pattern=r"^[a-z0-9.\-\[\]:]+(/[a-z0-9._-]+)+$", max_length=200)
    ] = Field(
        description="REGISTRY/NAMESPACE: where its `jre` and `python` are to be had, a mirror of one's own included"
    )

    @property
    def images(self) -> BaseImages:
        """Its two images."""
        jre, python = (BaseImage(image=f"{self.chainguard}/{name}:latest") for name in ("jre", "python"))
        return BaseImages(database=jre, application=python)


def _kind_of_base(given: Any) -> str:
    if isinstance(given, str):
        return "debian"
    keys = given.keys() if isinstance(given, dict) else type(given).model_fields.keys()
    return "<chainguard>" if "chainguard" in keys else "<images>"


Base = Annotated[
    Annotated[Literal["debian"], Tag("debian")]
    | Annotated[Chainguard, Tag("<chainguard>")]
    | Annotated[BaseImages, Tag("<images>")],
    Discriminator(_kind_of_base),
]


class Limits(Strict):
    """What one service may use at the most."""

    memory: Size
    processes: int = Field(default=512, ge=16, le=32768)


class Resources(Strict):
    """Limits per service."""

    database: Limits = Limits(memory="1500m")
    application: Limits = Limits(memory="512m", processes=128)


class Manifest(Strict):
    """``kgshare.yaml``, version 1."""

    kgshare: Literal[1] = Field(description="version of this format")
    name: Name
    version: Version
    description: str
    licence: str = Field(description="SPDX expression")
    authors: tuple[Author, ...] = Field(min_length=1)
    neo4j: Neo4j = Neo4j()
    identity: Identity
    seed: tuple[SeedStep, ...] = Field(min_length=1)
    datasets: DataSets = Field(
        default=(), description="whose data it is, for the evidence: a list, or the YAML file that holds it"
    )
    changes: ProjectPath | None = Field(
        default=None, description="folder of change sets (`*.toml`), applied after the seed steps"
    )
    provenance: Label | None = Field(
        default=None, description="type of the relationships from a record to what it was derived from"
    )
    checks: tuple[Check, ...] = ()
    review: Review = Review()
    questions: Questions = Field(
        default=(), description="a list, or the YAML file that holds it (`kgshare schema --questions`)"
    )
    application: Application = Application()
    base: Base = Field(
        default="debian",
        description="what the images stand on: `debian` packages, which need no registry, or images (docs/how-to/choose-a-base.md)",
    )
    platforms: tuple[Literal["linux/amd64", "linux/arm64"], ...] = Field(
        default=(),
        description="what bundles are built for; the building machine's own when none is named (docs/how-to/two-platforms.md)",
    )
    resources: Resources = Resources()
    open: Annotated[str, StringConstraints(pattern=r"^/[^\s]*$")] = Field(
        default="/", description="path and query at which the page opens"
    )

    @property
    def base_images(self) -> BaseImages:
        """The images underneath; none for Debian packages."""
        if isinstance(self.base, str):
            return BaseImages()
        images = self.base.images if isinstance(self.base, Chainguard) else self.base
        whole = isinstance(self.application.image, str)  # it stands on nothing of ours
        return BaseImages(database=images.database) if whole else images
