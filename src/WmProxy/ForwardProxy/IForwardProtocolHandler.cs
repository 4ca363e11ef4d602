using System.Threading.Tasks;
using WmProxy.Connections;

namespace WmProxy.ForwardProxy;

/// <summary>
/// Serves one protocol on a connection whose first bytes were recognized as it. They are still in <see cref="TransportStream.Buffered"/>. Whatever it reads
/// before its client is authenticated and its request is complete has the deadline that the pipeline set (<c>DetectTimeout</c>) and at most 16 KiB.
/// </summary>
internal interface IForwardProtocolHandler
{
    /// <summary>Runs the connection to its end, and records why it ended with <see cref="ConnectionState.TryEnd"/>. Does not throw for what a peer does.</summary>
    Task RunAsync(TransportConnectionContext connection, ForwardProxyModel proxy);
}
