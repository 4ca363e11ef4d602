using System;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Connections.ProxyProtocol;

/// <summary>The first step of a connection's pipeline, where a PROXY header is expected: whoever it names is the client from then on.</summary>
internal static class ProxyHeaderStep
{
    // How long a silent client is waited for where a header is optional and the server may be the one to speak first.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(3);

    /// <summary>Reads the header; where the connection cannot go on, its reason is recorded and the result is <see langword="false"/>.</summary>
    public static async ValueTask<bool> RunAsync(TransportConnectionContext connection, ProxyProtocolModel model, TimeProvider timeProvider)
    {
        var state = connection.State;
        if (!model.AppliesTo(state.ClientAddress))
        {
            return true;
        }

        ProxyProtocolResult header;
        using (var silence = model.Required ? null : new CancellationTokenSource(Silence, timeProvider))
        {
            header = await ProxyProtocolReader.ReadAsync(connection.Stream, model.Versions, silence?.Token ?? CancellationToken.None);
        }

        switch (header.Status)
        {
            case ProxyProtocolStatus.Proxied:
                state.ClientEndPoint = header.Source ?? state.ClientEndPoint;
                state.LocalEndPoint = header.Destination ?? state.LocalEndPoint;
                return true;
            case ProxyProtocolStatus.Local:
                return true;
            case ProxyProtocolStatus.Absent when !model.Required:
            case ProxyProtocolStatus.EndOfStream when !model.Required:
            case ProxyProtocolStatus.Canceled when connection.Stream.Buffered.IsEmpty:
                return true;
            case ProxyProtocolStatus.ClientGone:
                state.TryEnd(ConnectionEndReason.ClientGone);
                return false;
            default:
                state.Error = header.Error ?? "The PROXY header is missing.";
                state.TryEnd(ConnectionEndReason.ProxyProtocolError);
                return false;
        }
    }
}
