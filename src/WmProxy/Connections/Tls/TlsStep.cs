using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Connections.Tls;

/// <summary>The step of a connection's pipeline that terminates TLS.</summary>
internal static class TlsStep
{
    /// <summary>Does the handshake; where that fails, the reason is recorded and the result is <see langword="false"/>.</summary>
    public static async ValueTask<bool> RunAsync(TransportConnectionContext connection, TlsServerModel tls)
    {
        var state = connection.State;
        var handshake = await TlsServerHandshake.AuthenticateAsync(connection.Stream, tls, state.ServerName, CancellationToken.None);
        if (!handshake.IsCompleted)
        {
            state.Error = handshake.Error;
            state.TryEnd(handshake.Failure);
            return false;
        }

        connection.Stream = handshake.Stream;
        state.ServerName ??= handshake.Stream.ServerName;
        return true;
    }
}
