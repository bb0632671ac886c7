# A Java runtime for another platform than this one: jlink runs here, the modules that it links are the other's. Nothing of
# that platform is run, so its archive of classes (CDS), which only its own Java can make, is missing.
FROM scratch AS toolbox
ADD base.tar /

FROM toolbox AS runtime
ARG TARGETARCH
ARG MODULES
ENV JAVA_HOME=/usr/lib/jvm/java-21-openjdk-${TARGETARCH}
ADD jmods.tar /
COPY java/ /src/
# Only what is Java's is stripped: objcopy knows this platform's files, and Debian ships these without symbols anyway.
RUN --network=none "$JAVA_HOME/bin/jlink" --module-path /jmods --add-modules "$MODULES" \
      --strip-java-debug-attributes --no-header-files --no-man-pages --compress zip-0 \
      --disable-plugin system-modules --output /opt/java \
 && "$JAVA_HOME/bin/javac" --release 21 -Xlint:all -Werror -g:none -d /opt/kgshare/classes /src/*.java

FROM scratch AS result
COPY --from=runtime /opt/java /opt/java
COPY --from=runtime /opt/kgshare /opt/kgshare
