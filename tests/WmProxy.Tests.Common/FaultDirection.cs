using System;

namespace WmProxy.Tests.Common;

/// <summary>A direction through a <see cref="FaultInterposer"/>.</summary>
[Flags]
public enum FaultDirection
{
    ToServer = 1,
    ToClient = 2,
    Both = ToServer | ToClient,
}
