namespace WmProxy.Configuration;

/// <summary>Where a certificate comes from: a file, or a store of the machine. The keys are those of Kestrel.</summary>
public sealed record CertificateConfig
{
    /// <summary>A PEM or PFX file, relative to the configuration's folder.</summary>
    public string? Path { get; init; }

    /// <summary>The PEM file of the key, where <see cref="Path"/> has none.</summary>
    public string? KeyPath { get; init; }

    /// <summary>The password of the PFX file or of the encrypted key. Never logged.</summary>
    public string? Password { get; init; }

    /// <summary>The subject to look for in a certificate store.</summary>
    public string? Subject { get; init; }

    /// <summary>The store's name. Default: <c>My</c>.</summary>
    public string? Store { get; init; }

    /// <summary>The store's location: <c>CurrentUser</c> (default) or <c>LocalMachine</c>.</summary>
    public string? Location { get; init; }

    /// <summary>Whether a certificate that does not verify is taken from the store. Default: false.</summary>
    public bool? AllowInvalid { get; init; }

    /// <summary>Everything but the password.</summary>
    public override string ToString() => Path is null ? $"{Location ?? "CurrentUser"}/{Store ?? "My"}/{Subject}" : KeyPath is null ? Path : $"{Path} + {KeyPath}";
}
