using System;

namespace WmProxy.Streams;

/// <summary>What applies where a stream's configuration says nothing.</summary>
internal static class StreamDefaults
{
    public const int ConnectAttempts = 3;

    public const int MaxSessions = 65536;

    /// <summary>How many connections of one address may be in front of their stream at a time: they count against no stream's limit yet.</summary>
    public const int MaxUndecided = 4096;

    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan IdleTimeout = TimeSpan.FromMinutes(10);
    public static readonly TimeSpan UdpIdleTimeout = TimeSpan.FromSeconds(60);
    public static readonly TimeSpan HalfCloseTimeout = TimeSpan.FromSeconds(60);

    /// <summary>The time for everything before a destination is dialled: PROXY header, ClientHello, TLS handshake.</summary>
    public static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(10);

    /// <summary>How long a silent client is waited for where it may belong to a protocol in which the server speaks first.</summary>
    public static readonly TimeSpan DetectTimeout = TimeSpan.FromSeconds(3);
}
