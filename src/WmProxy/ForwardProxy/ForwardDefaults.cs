using System;
using WmProxy.Configuration;

namespace WmProxy.ForwardProxy;

/// <summary>What applies where a forward proxy's configuration says nothing.</summary>
internal static class ForwardDefaults
{
    public const int ConnectAttempts = 3;

    public const int MaxAssociationsPerClient = 64;

    /// <summary>How many bytes a client may send before its protocol is known.</summary>
    public const int MaxDetectBytes = 16 * 1024;

    /// <summary>How many connections of one address may be in front of their PROXY header at a time: they count against no limit yet.</summary>
    public const int MaxUndecided = 4096;

    public static readonly EquatableArray<ForwardProtocol> Protocols = [ForwardProtocol.Http, ForwardProtocol.Connect, ForwardProtocol.Socks5];

    public static readonly TimeSpan DetectTimeout = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan IdleTimeout = TimeSpan.FromMinutes(10);
    public static readonly TimeSpan HalfCloseTimeout = TimeSpan.FromSeconds(60);
    public static readonly TimeSpan UdpIdleTimeout = TimeSpan.FromSeconds(60);
}
