"""Alibaba Model Studio, from its references and its client's source."""

from ftops.emulator.wires.alibaba.files import AlibabaFiles
from ftops.emulator.wires.alibaba.routes import AlibabaRoutes
from ftops.emulator.wires.alibaba.shapes import refusal_body
from ftops.emulator.wires.wire import Wire

WIRE = Wire((AlibabaRoutes, AlibabaFiles), base_path="/api/v1", refusal_body=refusal_body)
