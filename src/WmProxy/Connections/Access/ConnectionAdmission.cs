using System.Net;

namespace WmProxy.Connections.Access;

/// <summary>A connection's place among those of a stream or a forward proxy, and among those of its client. Left once, when the connection has ended.</summary>
internal readonly struct ConnectionAdmission
{
    private readonly ConnectionLimit _connections;
    private readonly ClientConnectionCounter? _perClient;
    private readonly IPAddress? _client;

    private ConnectionAdmission(ConnectionLimit connections, ClientConnectionCounter? perClient, IPAddress? client)
    {
        _connections = connections;
        _perClient = perClient;
        _client = client;
    }

    /// <summary>Checks access list and limits, and takes the places; a limit of 0 is none.</summary>
    /// <returns><see cref="ConnectionEndReason.None"/>, or why the connection is refused.</returns>
    public static ConnectionEndReason TryEnter(
        IPAddress? client, AccessList? access, ConnectionLimit connections, int limit, ClientConnectionCounter perClient, int limitPerClient, out ConnectionAdmission admission)
    {
        admission = default;
        if (access is not null && !access.IsAllowed(client))
        {
            return ConnectionEndReason.AccessDenied;
        }

        if (!connections.TryAcquire(limit))
        {
            return ConnectionEndReason.ConnectionLimit;
        }

        // Not counted without a limit: most have none. One that a reload brings counts the connections from then on.
        if (limitPerClient > 0 && !perClient.TryAcquire(client, limitPerClient))
        {
            connections.Release();
            return ConnectionEndReason.ClientConnectionLimit;
        }

        admission = new ConnectionAdmission(connections, limitPerClient > 0 ? perClient : null, client);
        return ConnectionEndReason.None;
    }

    /// <summary>Gives the places back.</summary>
    public void Leave()
    {
        _perClient?.Release(_client);
        _connections.Release();
    }
}
