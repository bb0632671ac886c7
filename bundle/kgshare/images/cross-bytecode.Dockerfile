# Bytecode for the application of another platform, by this one's Python of the same version: it is the same on both.
FROM scratch AS python
ADD compiler.tar /

FROM python AS compile
ADD base.tar /target/
ADD wheels.tar /target/
ADD inputs.tar /target/
RUN --network=none ["/usr/bin/python3.13", "-I", "/target/opt/kgshare/compile.py", "/target"]

FROM scratch AS bytecode
COPY --from=compile /bytecode /
