namespace WmProxy.Connectors;

/// <summary>Which files a cluster's metadata name for TLS to its destinations. Equal settings share what they load.</summary>
internal sealed record TlsClientSettings
{
    /// <summary>The PEM file of the authorities; <see langword="null"/> for those of the machine.</summary>
    public string? Authorities { get; init; }

    /// <summary>The key path of <see cref="Authorities"/>, for messages.</summary>
    public string AuthoritiesKeyPath { get; init; } = "";

    /// <summary>The client certificate, a PEM or PFX file; <see langword="null"/> for none.</summary>
    public string? Certificate { get; init; }

    /// <summary>The PEM file of its key, where <see cref="Certificate"/> has none.</summary>
    public string? Key { get; init; }

    /// <summary>The password of either.</summary>
    public string? Password { get; init; }

    /// <summary>The key path of <see cref="Certificate"/>, to which those of its key and password add a word.</summary>
    public string CertificateKeyPath { get; init; } = "";

    /// <summary>Without the password.</summary>
    public override string ToString() => $"{Authorities} {Certificate} {Key}";
}
