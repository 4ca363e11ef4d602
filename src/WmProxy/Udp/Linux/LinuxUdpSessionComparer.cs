using System;
using System.Collections.Generic;
using System.Runtime.Versioning;

namespace WmProxy.Udp.Linux;

/// <summary>Finds sessions by their keys in a set, whose places are a quarter of those of a dictionary that repeats the keys.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxUdpSessionComparer : IEqualityComparer<LinuxUdpSession>, IAlternateEqualityComparer<UdpSessionKey, LinuxUdpSession>
{
    public bool Equals(LinuxUdpSession? x, LinuxUdpSession? y) => ReferenceEquals(x, y) || (x is not null && y is not null && x.Key.Equals(y.Key));

    public int GetHashCode(LinuxUdpSession obj) => obj.Key.GetHashCode();

    public bool Equals(UdpSessionKey alternate, LinuxUdpSession other) => alternate.Equals(other.Key);

    public int GetHashCode(UdpSessionKey alternate) => alternate.GetHashCode();

    public LinuxUdpSession Create(UdpSessionKey alternate) => throw new NotSupportedException("A session is more than its key.");
}
