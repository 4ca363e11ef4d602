using System.Threading.Tasks;
using WmProxy.Configuration;
using WmProxy.Connections;

namespace WmProxy.ForwardProxy;

/// <summary>
/// Serves one protocol on a connection whose first bytes were recognized as it. They are still in <see cref="TransportStream.Buffered"/>. Whatever it reads
/// before its client is authenticated and its request is complete has the deadline that the pipeline set (<c>DetectTimeout</c>) and a bound of its own: 32 KiB for a head of HTTP, less for SOCKS.
/// </summary>
internal interface IForwardProtocolHandler
{
    /// <summary>The protocol. It is registered as <c>services.AddSingleton&lt;IForwardProtocolHandler, …&gt;()</c>, one for each.</summary>
    ForwardProtocol Protocol { get; }

    /// <summary>Runs the connection to its end, and records why it ended with <see cref="ConnectionState.TryEnd"/>. Does not throw for what a peer does.
    /// An answer that ends the connection is sent with <see cref="FinalReply"/>, so that it arrives. The deadline is taken
    /// off (<see cref="ConnectionState.SetDeadline"/>) before the dial, which has limits of its own, and the relay is registered with
    /// <see cref="ForwardProxyModel.Track"/>.</summary>
    Task RunAsync(TransportConnectionContext connection, ForwardProxyModel proxy);
}
