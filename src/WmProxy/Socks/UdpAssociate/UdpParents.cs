using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.ForwardProxy;

namespace WmProxy.Socks.UdpAssociate;

/// <summary>The parents of one association: one for each cluster that its rules name, opened when it is first needed.</summary>
internal sealed class UdpParents
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Task<UdpParent?>> _parents = [];
    private readonly UdpAssociateContext _context;
    private readonly SocksClient _client;
    private readonly Action<UdpParent, Task> _opened;
    private readonly Receiver _receiver;

    /// <param name="context">What it works with.</param>
    /// <param name="client">Whose they are.</param>
    /// <param name="opened">Is told of a parent that was opened, and of a task that ends with it.</param>
    /// <param name="receiver">Takes what parents send.</param>
    public UdpParents(UdpAssociateContext context, SocksClient client, Action<UdpParent, Task> opened, Receiver receiver)
    {
        (_context, _client, _opened, _receiver) = (context, client, opened, receiver);
    }

    /// <inheritdoc cref="UdpRelaySocket.Receiver"/>
    public delegate void Receiver(UdpParent parent, Span<byte> buffer, SocketAddress sender);

    /// <summary>The parent of a cluster; <see langword="null"/> when there is none to be had. The next call tries again then.</summary>
    public Task<UdpParent?> GetAsync(ForwardProxyModel proxy, string clusterId, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!_parents.TryGetValue(clusterId, out var opening))
            {
                _parents[clusterId] = opening = Task.Run(() => OpenAsync(proxy, clusterId, cancellationToken), CancellationToken.None);
            }

            return opening;
        }
    }

    private async Task<UdpParent?> OpenAsync(ForwardProxyModel proxy, string clusterId, CancellationToken cancellationToken)
    {
        UdpParent? parent = null;
        try
        {
            var (association, error) = await _context.Parents.AssociateAsync(proxy, clusterId, _client.Address, cancellationToken);
            if (association is not null)
            {
                (parent, error) = Open(clusterId, association);
            }

            _context.ParentOpened(_client.State, clusterId, parent, error);
        }
        finally
        {
            if (parent is null)
            {
                Remove(clusterId);
            }
        }

        if (parent is not null)
        {
            _opened(parent, ServeAsync(parent, cancellationToken));
        }

        return parent;
    }

    private (UdpParent? Parent, string? Error) Open(string clusterId, UdpParentAssociation association)
    {
        UdpParent? parent = null;
        try
        {
            parent = UdpParent.Open(clusterId, association, (buffer, sender) => _receiver(parent!, buffer, sender));
            return (parent, null);
        }
        catch (SocketException ex)
        {
            association.Dispose();
            return (null, ex.Message);
        }
    }

    private async Task ServeAsync(UdpParent parent, CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.UnsafeRegister(static parent => ((UdpParent)parent!).Dispose(), parent);
        var receiving = parent.ReceiveAsync();
        await parent.WatchAsync();
        parent.Dispose();
        await receiving;
        Remove(parent.ClusterId);
    }

    private void Remove(string clusterId)
    {
        lock (_lock)
        {
            _parents.Remove(clusterId);
        }
    }
}
