# A Java runtime with the modules that Neo4j needs, and kgshare's own classes. The JDK stays here.
FROM scratch AS toolbox
ADD base.tar /

FROM toolbox AS runtime
ARG TARGETARCH
ARG MODULES
ENV JAVA_HOME=/usr/lib/jvm/java-21-openjdk-${TARGETARCH}
COPY java/ /src/
# Uncompressed modules: larger on disk, smaller once an image or bundle compresses them. jlink's plugin system-modules
# writes sets in another order at each run; what it precomputes stands in the CDS archive anyway.
RUN --network=none "$JAVA_HOME/bin/jlink" --module-path "$JAVA_HOME/jmods" --add-modules "$MODULES" \
      --strip-debug --no-header-files --no-man-pages --compress zip-0 \
      --disable-plugin system-modules --output /opt/java \
 && /opt/java/bin/java -XX:+UseSerialGC -Xshare:dump -Xlog:disable \
 && "$JAVA_HOME/bin/javac" --release 21 -Xlint:all -Werror -g:none -d /opt/kgshare/classes /src/*.java

FROM scratch AS result
COPY --from=runtime /opt/java /opt/java
COPY --from=runtime /opt/kgshare /opt/kgshare
