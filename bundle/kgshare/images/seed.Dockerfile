# The seeded store. The step always succeeds: what went wrong stands in error.json, and the host says it.
FROM scratch AS toolbox
ADD base.tar /

FROM toolbox AS seed
ADD jars.tar /
ADD wheels.tar /
@BEGUN@
ADD inputs.tar /
ENV PYTHONPATH=/opt/kgshare/python PYTHONUTF8=1 PYTHONDONTWRITEBYTECODE=1 LC_ALL=C.UTF-8
RUN --network=none mkdir /out \
 && { /usr/bin/python3.13 -m kgshare.seeding /spec.json 2>&1; echo $? > /out/exit-code; } | tee /out/console.log

FROM scratch AS result
COPY --from=seed /out /
