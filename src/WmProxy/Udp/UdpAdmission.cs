using WmProxy.Connections;
using WmProxy.Relay.Bandwidth;
using WmProxy.Streams;

namespace WmProxy.Udp;

/// <summary>A session's place in its stream's limits, and what is known of it before it begins.</summary>
/// <param name="Key">Whose it is.</param>
/// <param name="Stream">Its stream, as it was configured then.</param>
/// <param name="State">Its row of the connection table, which it is not in yet.</param>
/// <param name="Bandwidth">What limits it; <see langword="null"/> for nothing.</param>
internal readonly record struct UdpAdmission(UdpSessionKey Key, StreamModel Stream, ConnectionState State, BandwidthLease? Bandwidth);
