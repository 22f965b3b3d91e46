#!/bin/bash
/bin/sh "${CM_CUBE_COMMAND_FILE}"
