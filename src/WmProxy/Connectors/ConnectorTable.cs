using System;
using System.Collections.Frozen;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Linq;

namespace WmProxy.Connectors;

/// <summary>The connectors, by scheme.</summary>
internal sealed class ConnectorTable
{
    private readonly FrozenDictionary<string, IConnector> _connectors;

    /// <summary>A table of <paramref name="connectors"/>.</summary>
    /// <exception cref="ArgumentException">Two of them dial the same scheme.</exception>
    public ConnectorTable(IEnumerable<IConnector> connectors) =>
        _connectors = connectors
            .SelectMany(connector => connector.Schemes, (connector, scheme) => KeyValuePair.Create(scheme, connector))
            .ToDictionary(StringComparer.Ordinal)
            .ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Finds the connector for a scheme in lower case.</summary>
    public bool TryGet(string scheme, [NotNullWhen(true)] out IConnector? connector) => _connectors.TryGetValue(scheme, out connector);

    /// <summary>Whether <paramref name="address"/>, as it is written in a configuration, is dialled by a connector.</summary>
    public bool Dials(string address) => _connectors.ContainsKey(DestinationAddress.GetScheme(address));
}
