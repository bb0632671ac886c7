# The application on Python. Bytecode is made in a stage, with the image's own Python; the last stage only adds.
FROM scratch AS python
ADD base.tar /

FROM python AS compile
ADD wheels.tar /
ADD inputs.tar /
# Unchecked: the files never change, so Python need not look at their times. A file that does not compile is another
# Python's (templates, tests), and stays without.
RUN --network=none ["/usr/bin/python3.13", "-I", "/opt/kgshare/compile.py"]

FROM scratch AS bytecode
COPY --from=compile /bytecode /

FROM python AS application
ADD wheels.tar /
ADD inputs.tar /
ADD bytecode.tar /
@SEEDED@
ARG TITLE VERSION DESCRIPTION LICENCE CREATED PORT
LABEL org.opencontainers.image.title="${TITLE} application" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.description="${DESCRIPTION}" \
      org.opencontainers.image.licenses="${LICENCE}" \
      org.opencontainers.image.created="${CREATED}"
ENV PATH=/usr/bin PYTHONPATH=/app:/opt/kgshare/python PYTHONUTF8=1 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    KGSHARE_PAGE_PORT=${PORT}
USER 65532:65532
WORKDIR /app
EXPOSE ${PORT}
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --retries=3 --start-period=60s --start-interval=1s \
  CMD ["/usr/bin/python3.13", "-I", "-S", "/opt/kgshare/health.py"]
ENTRYPOINT []
CMD @START@
