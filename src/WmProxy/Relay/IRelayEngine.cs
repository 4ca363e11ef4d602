using System.Threading.Tasks;
using WmProxy.Connections;

namespace WmProxy.Relay;

/// <summary>Moves the bytes of two connections to each other until both directions have ended.</summary>
internal interface IRelayEngine
{
    /// <summary>The engine's name, for logs.</summary>
    string Name { get; }

    /// <summary>
    /// Relays until both directions came to their end, one side failed, or <see cref="RelaySession.Cancel"/> was called. Each direction's
    /// end is passed on once its last byte is written (half-close); a failure is passed on as a failure (RST). Both sides are closed when
    /// the task completes. Never throws for what a peer or the network does.
    /// </summary>
    /// <returns>Why the relay ended; the one recorded first.</returns>
    ValueTask<ConnectionEndReason> RelayAsync(RelaySession session);
}
