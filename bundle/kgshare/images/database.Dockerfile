# Neo4j with the seeded store inside. Nothing is run here: layers only, from what changes least to what changes most.
FROM scratch AS database
ADD base.tar /
ADD runtime.tar /
ADD jars.tar /
ADD conf.tar /
ADD store.tar /
@CORRECTIONS@

ARG TITLE VERSION DESCRIPTION LICENCE CREATED
LABEL org.opencontainers.image.title="${TITLE} database" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.description="${DESCRIPTION}" \
      org.opencontainers.image.licenses="${LICENCE}" \
      org.opencontainers.image.created="${CREATED}"
ENV PATH=/opt/java/bin
USER 7474:7474
WORKDIR /opt/neo4j
EXPOSE 7687
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --retries=3 --start-period=90s --start-interval=1s \
  CMD ["/opt/java/bin/java", "@/opt/kgshare/health.args"]
ENTRYPOINT ["/opt/java/bin/java", "@/opt/kgshare/database.args"]
